"""EmoNet: CoMPM with speakers known across conversations.

Source: "EmoNet", MS thesis, 2024: global speaker identity, speaker behaviour over the last utterances across
conversations, class-weighted loss.
"""

from __future__ import annotations

from erckit.models.tuned.compm import CoMPM


class EmoNet(CoMPM):
    """Context vector + GRU over the speaker's earlier utterances, in this and all earlier conversations.

    The network is CoMPM's. What makes it EmoNet is who counts as the same speaker (``speaker.identity: global``),
    how far the memory reaches (``history.scope: all``) and the weighted loss (``training.class_weights``).

    Deviations from the thesis, each a setting with the published value in ``emonet/emorynlp_thesis``: the name as
    text instead of an unregistered marker; story order instead of file order; the projection W_p that its text
    describes and its code leaves out; weights per target inside the loss, so that any batch size gives the same
    gradient (the published code is right for a batch of one only); attention masks everywhere (the published code
    attends to padding).
    """
