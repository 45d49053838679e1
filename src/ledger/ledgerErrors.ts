/**
 * Owns what a browser's storage errors mean for us: worth retrying, no room, not to be had, or bad data.
 * Nothing is ever deleted on a guess about an error.
 */
import { LedgerError } from './port.ts'
import type { LedgerErrorKind } from './port.ts'

export function toLedgerError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  const message = error instanceof Error ? error.message : String(error)
  const words = message.trim() || (MEANINGS[name] ?? 'the store gave no reason')
  return new LedgerError(kindOf(name), `${name || 'Error'}: ${words}`, { cause: error })
}

/** Browsers often leave the message empty; a person should still read what happened. */
const MEANINGS: Readonly<Record<string, string>> = {
  QuotaExceededError: 'there is no room left for this site',
  UnknownError: 'the browser cannot use its storage now; the disk may be full or failing',
  AbortError: 'the write was taken back',
  InvalidStateError: 'the connection to the store is closed',
  SecurityError: 'this page may not use the browser’s storage',
  NotAllowedError: 'this page may not use the browser’s storage',
}

function kindOf(name: string): LedgerErrorKind {
  switch (name) {
    case 'QuotaExceededError':
      return 'capacity'
    case 'VersionError':
      return 'newer-schema'
    case 'DataCloneError':
    case 'DataError':
    case 'RangeError':
    case 'SyntaxError':
      return 'invalid'
    // IndexedDB is switched off, or this page may not use it.
    case 'SecurityError':
    case 'NotAllowedError':
    case 'ReferenceError':
    case 'TypeError':
      return 'unavailable'
    default:
      // AbortError, InvalidStateError, UnknownError and whatever browsers call it next.
      return 'transient'
  }
}
