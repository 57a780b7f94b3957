// Budgets, and how they are judged on a machine that is not the one that they were set on.

/**
 * The same work on the machine that the budgets were set on, and here. A budget is met to scale when the figure is as
 * much beside `here` as the budget is beside `there`.
 * @typedef {{ work: string, there: number, here: number, unit: string }} Scale
 * @typedef {{ atMost?: number, atLeast?: number, unit?: string, scale?: Scale }} Budget
 * @typedef {{ measure: string, value: string, budget: string, verdict: "" | "met" | "met to scale" | "missed" }} Row
 */

/** What runc's shim took for the same work. */
const runcs = {
  run: { work: "runc's ctr run takes", there: 97, unit: "ms" },
  start: { work: "runc's takes", there: 5.9, unit: "ms" },
  state: { work: "runc's does", there: 86_000, unit: "calls/s" },
};

/**
 * For what the host does.
 * @param {keyof typeof runcs} what
 * @param {number} here
 * @returns {Scale}
 */
export function besideRunc(what, here) {
  return { ...runcs[what], here };
}

/**
 * For what the guest does: VMM exec until the agent's first answer, in milliseconds, all but the agent's part of it the
 * stock kernel's.
 * @param {number} here
 * @returns {Scale}
 */
export function besideBoot(here) {
  return { work: "the boot takes", there: 1725, unit: "ms", here };
}

/**
 * @param {number | undefined} figure
 * @param {Budget | undefined} budget
 * @returns {Pick<Row, "budget" | "verdict">}
 */
export function judge(figure, { atMost, atLeast, unit = "", scale } = {}) {
  const limit = atMost ?? atLeast;
  if (figure === undefined || limit === undefined) return { budget: "", verdict: "" };
  const meets = (/** @type {number} */ bound) => (atMost === undefined ? figure >= bound : figure <= bound);
  const where = scale === undefined ? "" : ` where ${scale.work} ${scale.there} ${scale.unit}`;
  const text = `${atMost === undefined ? ">=" : "<="} ${limit} ${unit}`.trimEnd();
  const toScale = scale !== undefined && meets((limit * scale.here) / scale.there);
  return { budget: `${text}${where}`, verdict: meets(limit) ? "met" : toScale ? "met to scale" : "missed" };
}
