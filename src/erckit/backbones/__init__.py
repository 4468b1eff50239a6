"""Pretrained backbones: pinned weights, where they come from, how they are got."""
