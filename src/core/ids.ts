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

/** What all references of a log's texts begin with, and no other log's do. */
export const contentPrefix = (log: LogId): string => `c:${escapeColons(log)}:`

/** The log a reference of ours belongs to; null for references made elsewhere. */
export function logOfContent(ref: string): LogId | null {
  const [, escaped] = /^c:([rw]%3A[^:]*):/.exec(ref) ?? []
  // Only the two signs are escaped, so nothing else needs to be undone.
  return escaped === undefined ? null : (unescapeColons(escaped) as LogId)
}

const unescapeColons = (part: string): string => part.replaceAll('%3A', ':').replaceAll('%25', '%')

const escapeColons = (part: string): string => part.replaceAll('%', '%25').replaceAll(':', '%3A')

/** The source's identity of an event within its stream: a number, or a key derived from content. */
export type Position = number | string

/** What makes two tellings one event: its stream and its place there. */
export const eventIdentity = ({ stream, position }: { stream: string; position: Position }): string =>
  `${stream}\n${JSON.stringify(position)}`

/** Streams of the ledger's own conclusions; no owner speaks in them. */
export const isOurStream = (stream: string): boolean => stream.startsWith('ledger:')

/** Ids as systems write them: printable, without spaces at the ends, at most 200 characters. */
export const isUsableId = (id: string): boolean =>
  // Nearly all ids are plain ASCII, which is many times quicker to tell.
  /^[!-~]{1,200}$/.test(id) || (/^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u.test(id) && id.trim() === id)

/**
 * A scope as locks and channels of the origin spell it: everything on the page can list those, so they do not
 * carry the name of a user or workspace. 128 bits, so that no two scopes ever share one; no secret.
 */
export function scopeName(scope: string): string {
  const lanes = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]
  for (let at = 0; at < scope.length; at += 1) {
    const unit = scope.charCodeAt(at)
    for (let lane = 0; lane < 4; lane += 1) lanes[lane] = mixed((lanes[lane] ?? 0) ^ (unit + lane), lane)
  }
  // Each lane ends in all of them.
  for (let turn = 0; turn < 8; turn += 1) {
    const lane = turn % 4
    lanes[lane] = mixed((lanes[lane] ?? 0) ^ (lanes[(lane + 3) % 4] ?? 0) ^ scope.length, lane)
  }
  return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
}

/** Odd multipliers of good avalanche, one a lane. */
const MULTIPLIERS = [0x7feb352d, 0x846ca68b, 0x2c1b3c6d, 0x297a2d39] as const

function mixed(value: number, lane: number): number {
  const spread = Math.imul(value ^ (value >>> 15), MULTIPLIERS[lane] ?? 1)
  return spread ^ (spread >>> 13)
}
