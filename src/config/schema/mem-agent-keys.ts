import { flag, integer, wideInteger } from "./key.ts";
import { noEffect } from "./limit.ts";

const unset = { fallback: undefined } as const;
const percent = { ...unset, min: 0, max: 100, unit: "percent" } as const;
const seconds = { ...unset, min: 0, unit: "seconds" } as const;

/**
 * `[agent.kata.mem_agent]`: memory management in the guest. It evicts pages of control groups that are seldom used, and moves
 * pages together so that free memory is in one piece. What is unset has the agent's default.
 */
export const memAgentKeys = {
  enable: flag({
    fallback: false,
    limits: noEffect("the agent in the guest does not manage memory"),
    meaning: "Manages memory within the guest; without it, the other keys of the table mean nothing",
  }),
  memcg_disable: flag({ ...unset, meaning: "Evicts no pages of control groups" }),
  memcg_swap: flag({ ...unset, meaning: "Evicts pages to swap space as well" }),
  memcg_swappiness_max: integer({
    ...unset,
    min: 0,
    max: 200,
    meaning: "How much eviction may prefer swapping to dropping cached files",
  }),
  memcg_period_secs: integer({ ...seconds, meaning: "Pause between two looks for pages to evict" }),
  memcg_period_psi_percent_limit: integer({
    ...percent,
    meaning: "Memory pressure above which a look for pages to evict is left out",
  }),
  memcg_eviction_psi_percent_limit: integer({
    ...percent,
    meaning: "Memory pressure above which an eviction that runs is stopped",
  }),
  memcg_eviction_run_aging_count_min: integer({
    ...unset,
    min: 0,
    meaning: "How often pages must have been looked at before any is evicted",
  }),
  compact_disable: flag({ ...unset, meaning: "Moves no pages together" }),
  compact_period_secs: integer({ ...seconds, meaning: "Pause between two looks at how scattered free memory is" }),
  compact_period_psi_percent_limit: integer({
    ...percent,
    meaning: "Memory pressure above which a look at free memory is left out",
  }),
  compact_psi_percent_limit: integer({
    ...percent,
    meaning: "Memory pressure above which a compaction that runs is stopped",
  }),
  compact_sec_max: integer({ ...seconds, meaning: "How long one compaction may take" }),
  compact_order: integer({
    ...unset,
    min: 0,
    max: 255,
    meaning: "Size of the pieces of free memory that are wanted, as a power of two of pages",
  }),
  compact_threshold: integer({
    ...unset,
    min: 0,
    unit: "pages",
    meaning: "Scattered free memory from which on it is compacted",
  }),
  compact_force_times: wideInteger({
    ...unset,
    meaning: "After how many looks without a compaction one is made in any case",
  }),
} as const;
