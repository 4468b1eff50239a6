import time
t=time.time()
def test_x(tiny_backbone):
    from erckit.encoding.encoder import load_backbone
    from erckit.encoding.tokens import ConversationTokenizer
    for k in ("bert","roberta","mpnet","electra","xlm-roberta"):
        f=tiny_backbone(k)
        import os; print(k, os.listdir(f))
        b=load_backbone(f)
        t=ConversationTokenizer(f)
        print(t._ids(["hello red dog <s> xyzzy","Ana:"]), t.padding_token,t._start,t._end,t._placeholder)
def test_y(trained_folder):
    print(trained_folder)
