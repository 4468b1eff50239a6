// When something was said, as a person reads it.

const DAY = 86_400;

/** Whether a time counts from the epoch; else it counts from the beginning of a recording. */
function isDate(time) {
  return time > 1e8;
}

/** Clock of an utterance: "14:05" of a chat, "1:02:03" of a recording; empty without a time. */
export function clock(time) {
  if (typeof time !== "number") return "";
  const whole = Math.floor(time);
  const two = (number) => String(number).padStart(2, "0");
  if (isDate(time)) return `${two(Math.floor((whole % DAY) / 3600))}:${two(Math.floor((whole % 3600) / 60))}`;
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** Day of an utterance in a chat, as the export has it (no time zone is added); empty for a recording. */
export function day(time) {
  if (typeof time !== "number" || !isDate(time)) return "";
  const words = { weekday: "short", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return new Date(1000 * time).toLocaleDateString("en-GB", words);
}
