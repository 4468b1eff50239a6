"""Teach the bundled model two labels of your own with four examples of each."""

import subprocess
import sys
import tempfile
from pathlib import Path

from erckit import Conversation, Labeler, Utterance

EXAMPLES = {
    "complaint": ("It broke after a day.", "Nobody answers my mails.", "I want my money back.", "The box was empty."),
    "thanks": ("Thank you so much!", "You solved it, great.", "That was quick, thanks.", "Perfect, I am happy."),
}
with tempfile.TemporaryDirectory() as folder:
    table, model = Path(folder, "examples.csv"), Path(folder, "my-labels")
    rows = [f'{label},"{text}"' for label, texts in EXAMPLES.items() for text in texts]
    table.write_text("\n".join(["label,text", *rows]), encoding="utf-8")
    command = [sys.executable, "-m", "erckit", "adapt", "everyday", "--examples", str(table), "--out", str(model)]
    subprocess.run([*command, "--quiet"], check=True)
    call = Conversation(
        "call", (Utterance("1", "Ana", "It stopped working."), Utterance("2", "Ana", "Thanks, it runs!"))
    )
    for prediction in Labeler.from_pretrained(model).label([call])[0].predictions:
        print(prediction.label, round(prediction.confidence, 2))
