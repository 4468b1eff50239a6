// Where every mark of the course stands: the same places for the chart on the page and for the picture.

import { clock } from "./moment.js";
import { styleOf } from "./labels.js";

const WIDEST = 54; // px of one utterance's slot
const MANY_SPEAKERS = 12;

/**
 * One strip per speaker; a mark's height is its confidence.
 *
 * @param utterances With speaker, label, confidence and time.
 * @param shifts For every utterance the label before, or null.
 * @param wanted Width in px that is there; more is used where many utterances need it.
 */
export function courseLayout(utterances, shifts, wanted) {
  const speakers = [...new Set(utterances.map((one) => one.speaker))];
  const rowOf = new Map(speakers.map((speaker, row) => [speaker, row]));
  const { slots, step, isTime } = places(utterances, wanted);
  const isTight = speakers.length > MANY_SPEAKERS;
  const [tall, codeRoom, shiftRoom] = isTight ? [22, 0, 5] : [44, 14, 9];
  const rowHeight = tall + codeRoom + shiftRoom + 6;
  const body = rowHeight * speakers.length;
  const width = Math.max(Math.max(...slots) + step, wanted);
  const showsCodes = codeRoom > 0 && step >= 17;
  const thick = Math.max(1, Math.min(step - (step >= 6 ? 2 : step > 2 ? 0.5 : 0), 30));
  const marks = utterances.map((utterance, i) => {
    const floor = rowOf.get(utterance.speaker) * rowHeight + shiftRoom + tall;
    const high = Math.max(4, tall * Math.min(1, utterance.confidence ?? 0));
    return {
      index: i,
      label: utterance.label ?? null,
      x: slots[i] + (step - thick) / 2,
      y: floor - high,
      width: thick,
      height: high,
      middle: slots[i] + step / 2,
      code: showsCodes ? styleOf(utterance.label).code : "",
      codeY: floor + 11,
      shiftY: shifts[i] === null ? null : floor - tall - 2,
      isRound: thick >= 4,
    };
  });
  const lanes = speakers.map((speaker, row) => ({ speaker, y: row * rowHeight + shiftRoom, height: tall }));
  const ticks = isTime ? timeTicks(utterances, slots, step) : numberTicks(slots, step);
  return { speakers, lanes, rowHeight, codeRoom, shiftRoom, marks, ticks, step, width, body, height: body + 22, isTime };
}

function places(utterances, wanted) {
  const count = utterances.length;
  const step = Math.min(WIDEST, Math.max(count <= 2000 ? 3 : 2, wanted / count));
  const starts = utterances.map((one) => one.time).filter((time) => typeof time === "number");
  if (starts.length === count && count > 2 && starts.every((time, i) => !i || starts[i - 1] <= time)) {
    const span = starts[count - 1] - starts[0];
    const gaps = starts.slice(1).map((time, i) => time - starts[i]).sort((one, other) => one - other);
    // A chat with long silences would squeeze all its marks into a few places: then the number says more.
    if (span > 0 && gaps[Math.floor(gaps.length / 10)] * 6 * count > span) {
      const width = Math.max(wanted - WIDEST, count * step);
      const slots = starts.map((time) => ((time - starts[0]) / span) * width);
      return { slots, step: Math.min(step, 32, Math.max(5, (gaps[0] * width) / span)), isTime: true };
    }
  }
  return { slots: utterances.map((_, i) => i * step), step, isTime: false };
}

function numberTicks(slots, step) {
  const every = [1, 5, 10, 20, 50, 100, 200, 500].find((n) => n * step >= 30) ?? 1000;
  return slots
    .map((slot, i) => ({ x: slot + step / 2, text: String(i + 1) }))
    .filter((_, i) => i === 0 ? step * (every - 1) >= 22 || every === 1 : (i + 1) % every === 0);
}

function timeTicks(utterances, slots, step) {
  const first = utterances[0].time;
  const span = utterances.at(-1).time - first;
  const width = slots.at(-1);
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];
  const every = steps.find((seconds) => (seconds * width) / span >= 64) ?? 604800;
  const ticks = [];
  for (let time = 0; time <= span; time += every) {
    ticks.push({ x: Math.max(14, (time * width) / span + step / 2), text: clock(time) });
  }
  return ticks;
}
