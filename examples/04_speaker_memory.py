"""Remember a speaker from one conversation to the next."""

from erckit import Conversation, Labeler, Utterance
from erckit.memory.store.open_store import open_store

memory = open_store("memory")  # in this process; a folder name keeps it
labeler = Labeler.from_pretrained("emonet-emorynlp", memory=memory)
labeler.label([Conversation("monday", (Utterance("1", "Ana", "I did not get the job."),))])
labeler.label([Conversation("tuesday", (Utterance("1", "Ana", "Nothing works out for me."),))])
for remembered in memory.last(["Ana"], 5)[0]:
    print(remembered.conversation, remembered.text)
