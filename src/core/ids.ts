/**
 * Owns how logs and composed ids are spelled. Outside ids never become bare object keys: every table is
 * keyed by a log id (`r:` + run id, `w:` + workflow run id), so no id can equal a prototype name. SPEC S1.
 */

export type RunLogId = `r:${string}`
export type WorkflowLogId = `w:${string}`
/** Every agent run and every workflow run has one log of its own. */
export type LogId = RunLogId | WorkflowLogId

export const runLog = (runId: string): RunLogId => `r:${runId}`
export const workflowLog = (workflowRunId: string): WorkflowLogId => `w:${workflowRunId}`

export const isRunLog = (log: LogId): log is RunLogId => log.startsWith('r:')

/** The run or workflow run id a log belongs to. */
export const idOfLog = (log: LogId): string => log.slice(2)

/** A tool call within its run. Call ids repeat between turns, so attempt and iteration are part of it. */
export const toolCallKey = (attempt: number, iteration: number, callId: string): string =>
  `${attempt}:${iteration}:${callId}`

/** Where the full text of one field of one event is kept; the same event always gives the same reference. */
export const contentRef = (log: LogId, stream: string, position: Position, field: string): string =>
  // A number and the key of the same digits are two positions.
  ['c', log, stream, JSON.stringify(position), field].map(escapeColons).join(':')

const escapeColons = (part: string): string => part.replaceAll('%', '%25').replaceAll(':', '%3A')

/** The source's identity of an event within its stream: a number, or a key derived from content. */
export type Position = number | string

/** Ids as systems write them: printable, without spaces at the ends, at most 200 characters. */
export const isUsableId = (id: string): boolean =>
  /^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u.test(id) && id.trim() === id
