"""Label a conversation that never was a file, and abstain where the model is unsure."""

from erckit import Conversation, Labeler, Utterance

said = [("Ana", "I passed the exam!"), ("Ben", "You did? That's wonderful!"), ("Ana", "I still can't believe it.")]
conversation = Conversation("exam", tuple(Utterance(str(i), who, text) for i, (who, text) in enumerate(said)))
labelled = Labeler.from_pretrained("everyday").label([conversation], min_confidence=0.3)
for prediction in labelled[0].predictions:
    print(prediction.label or "(unsure)", {label: round(score, 2) for label, score in prediction.scores.items()})
