import importlib.util, pytest, time
from pathlib import Path
spec=importlib.util.spec_from_file_location("tt", Path(__file__).with_name("test_train.py")); tt=importlib.util.module_from_spec(spec); spec.loader.exec_module(tt)
@pytest.mark.parametrize("kw", [dict(speaker={"identity":"none","form":"none"}), dict(speaker={"identity":"none","form":"none"}, attention="per_utterance"),dict(speaker={"identity":"none","form":"none"},pooling="marker"), dict(speaker={"identity":"none","form":"none"},has_projection=False),dict(speaker={"identity":"none","form":"none"},gru_layers=1)])
def test_x(tiny_recipe, tmp_path, kw):
    corpus = tt.Corpus("rule", "1", tt.LabelSet(("Calm", "Cross", "Glad")), {"train": tt._remembered_rule(1, 360,1), "dev": tt._remembered_rule(2, 180,1)})
    for enc in ("tied","shared"):
        model = {"history": {"scope": "all", "window": 2, "encoder": enc}, **tt.LEARNABLE, **kw}
        t=time.time()
        f = tt.train(tiny_recipe(model, {**tt.QUICK,"epochs":10}), corpus, tmp_path/enc, quiet=True)
        print("rate",enc, kw, [round(r["accuracy"],2) for r in tt._records(tmp_path/enc,"dev")], [round(r["loss"],2) for r in tt._records(tmp_path/enc)][-3:], time.time()-t)
