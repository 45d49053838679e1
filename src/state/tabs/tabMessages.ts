/**
 * Owns what pages of one scope say to each other: where logs are, that commands changed, who is at a source. No
 * content ever: what a message is about is read from the disk. Other versions of this code, and extensions, speak
 * on the same line, so every message is read like network input.
 */
import { isUsableId } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'

export type TabMessage =
  /** These logs are stored up to here. */
  | { kind: 'at'; heads: readonly (readonly [log: LogId, sequence: number])[] }
  /** These logs were deleted. */
  | { kind: 'deleted'; logs: readonly LogId[] }
  /** These rows of the outbox were written. */
  | { kind: 'commands'; ids: readonly string[] }
  /** Whoever is connected to the source: are you running? */
  | { kind: 'ping'; instance: string }
  | { kind: 'pong'; instance: string }

/** Names in one message; what is left out is found by looking at the disk. */
export const MESSAGE_NAMES = 500
/** A log id is a letter, a colon and an id. */
const LOG = /^[rw]:/
const NAME_CHARS = 500

/** Null for anything this code does not understand: it is nobody's fault, and nothing follows from it. */
export function readTabMessage(raw: unknown): TabMessage | null {
  if (typeof raw !== 'object' || raw === null) return null
  const { kind, heads, logs, ids, instance } = raw as Record<string, unknown>
  switch (kind) {
    case 'at': {
      const read = list(heads)
        .map(readHead)
        .filter((each) => each !== null)
      return read.length > 0 ? { kind, heads: read } : null
    }
    case 'deleted': {
      const read = list(logs).filter(isLog)
      return read.length > 0 ? { kind, logs: read } : null
    }
    case 'commands': {
      const read = list(ids).filter(isName)
      return read.length > 0 ? { kind, ids: read } : null
    }
    case 'ping':
    case 'pong':
      return isName(instance) ? { kind, instance } : null
    default:
      return null
  }
}

const list = (raw: unknown): readonly unknown[] => (Array.isArray(raw) ? raw.slice(0, MESSAGE_NAMES) : [])

const isName = (raw: unknown): raw is string =>
  typeof raw === 'string' && raw.length > 0 && raw.length <= NAME_CHARS

function readHead(raw: unknown): readonly [LogId, number] | null {
  if (!Array.isArray(raw)) return null
  const [log, sequence] = raw as unknown[]
  return isLog(log) && Number.isSafeInteger(sequence) && Number(sequence) > 0 ? [log, Number(sequence)] : null
}

const isLog = (raw: unknown): raw is LogId =>
  typeof raw === 'string' && LOG.test(raw) && isUsableId(raw.slice(2))
