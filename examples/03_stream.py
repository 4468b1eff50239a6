"""Label utterances one by one, as they are spoken."""

from erckit import Labeler

stream = Labeler.from_pretrained("everyday").stream("call")
for speaker, text in [("Ana", "Where are you?"), ("Ben", "In the hospital, I fell."), ("Ana", "Oh no, I am so sorry!")]:
    prediction = stream.add(speaker, text)
    print(f"{speaker:4} {prediction.label:9} {text}")
