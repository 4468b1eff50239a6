"""Label a conversation with the bundled model."""

from erckit import Labeler, read_conversations

conversations = read_conversations("examples/conversations/missed_train.txt").conversations
for labelled in Labeler.from_pretrained("everyday").label(conversations):
    for utterance, prediction in zip(labelled.conversation.utterances, labelled.predictions, strict=True):
        print(f"{utterance.speaker:8} {prediction.label:9} {prediction.confidence:.2f}  {utterance.text}")
