// Emotion shifts: a speaker's label differs from the label the same speaker had before.

/** For every utterance the label its speaker had before, where it was another one, else null. */
export function shiftsOf(utterances) {
  const last = new Map();
  return utterances.map(({ speaker, label }) => {
    if (label === null || label === undefined) return null;
    const before = last.get(speaker);
    last.set(speaker, label);
    return before !== undefined && before !== label ? before : null;
  });
}
