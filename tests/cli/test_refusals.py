import pytest

from erckit.cli.command_group import COMMANDS
from erckit.cli.main import main

CASES = [
    (["lable", "x.txt"], "'label'"),
    (["corpora", "stat"], "'stats'"),
    (["backbones", "lst"], "'list'"),
    (["--versoin"], "'--version'"),
    (["label", "--reprt", "r.html", "x.txt"], "'--report'"),
    (["label", "x.txt", "--min-confidance", "1"], "'--min-confidence'"),
    (["label", "x.txt", "--precision", "fp23"], "'fp32'"),
    (["label", "x.txt", "--history", "conversations"], "'conversation'"),
    (["label", "x.txt", "--format", "transcipt"], "'transcript'"),
    (["label", "x.txt", "-o", "x.jsnl"], "'.jsonl'"),
    (["train", "emonet/emorynlp", "--dryrun"], "'--dry-run'"),
    (["evaluate", "m", "--seds", "5"], "'--seeds'"),
    (["evaluate", "m", "--few-shots", "5way-5shot"], "'--few-shot'"),
    (["evaluate", "m", "--scorer", "prototype"], "'prototypes'"),
    (["adapt", "m", "--examples", "x.csv", "--out", "d", "--distance", "cosinus"], "'cosine'"),
    (["emotions", "m", "--corpus", "emorynlp", "--projection", "pac"], "'pca'"),
    (["evaluate", "m", "--precision", "bf61"], "'bf16'"),
    (["corpora", "get", "emorynlp", "--form", "x"], "'--from'"),
    (["backbones", "get", "--quite", "x"], "'--quiet'"),
]


@pytest.mark.parametrize(("arguments", "named"), CASES, ids=[" ".join(arguments) for arguments, _ in CASES])
def test_mistyped_names_are_refused_with_the_nearest(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    assert f"Did you mean {named}?" in captured.err
    assert "--help'" in captured.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["label"], "FILE"),
        (["label", "x.txt", "--min-confidence", "2"], "--min-confidence"),
        (["label", "x.txt", "--min-confidence", "nan"], "--min-confidence"),
        (["label", "x.txt", "--columns", "text"], "--columns text=message"),
        (["label", "x.txt", "-o", "x.html"], "--report x.html"),
        (["label", "x.txt", "-o", "x.csv", "--report", "x.csv"], "another output"),
        (["evaluate", "emonet/emorynlp", "--out", "runs", "--precision", "bf16"], "training.precision"),
        (["evaluate", "m", "--json", "x.out", "--png", "x.out"], "another output"),
        (["evaluate", "everyday", "--set", "training.epochs=2"], "--set style.NAME=VALUE"),
        (["train", "emonet/emorynlp"], "--out"),
        (["train", "emonet/emorynlp", "--seed", "one", "--dry-run"], "--seed"),
        (["label", "-z", "x.txt"], "-z"),
        (["xyzzy"], f"Known: {', '.join(sorted(COMMANDS))}"),
    ],
)
def test_wrong_values_are_usage_errors(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert said in captured.err


def test_option_of_recipes_with_a_model(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path), "--seeds", "5"]) == 2
    assert "--seeds" in capsys.readouterr().err
