"""Read two result files and print their scores; `erckit compare` says whether the difference can be trusted."""

from erckit import Result

for system in ("emonet-minilm", "emonet-minilm-distilled"):
    result = Result.load(f"results/emorynlp-test/{system}.json")
    metric = result.protocol.metric
    print(f"{system:24} {metric} {100 * result.metrics[metric]:.2f}")
