/**
 * Owns live prose: at once, or in a few pieces when someone watches. Shown while it streams, never stored.
 */
import type { LogId } from '../core/ids.ts'
import type { Emitter } from './emitter.ts'
import type { Gate } from './gate.ts'
import type { Pacer } from './pacer.ts'

const PIECES = 6

export interface Speech {
  say(text: string): void
  /** Resolves when all that was said is out, or nobody listens any more. */
  drained(): Promise<void>
}

export function createSpeech(
  log: LogId,
  emitter: Emitter,
  pacer: Pacer,
  gate: Gate,
  signal: AbortSignal,
): Speech {
  let last: Promise<void> | null = null

  async function speak(pieces: readonly string[], before: Promise<void> | null): Promise<void> {
    try {
      await before
      for (const text of pieces) {
        if (gate.isShut()) await gate.passed(signal)
        if (signal.aborted) return
        emitter.emit(log, 'text.delta', { kind: 'text', text })
        await pacer.pause(signal, 1 / pieces.length)
      }
    } catch {
      // Stopped in the middle of a sentence.
    }
  }

  return {
    say(text) {
      if (signal.aborted || text === '') return
      if (pacer.ms() === 0 && last === null) {
        emitter.emit(log, 'text.delta', { kind: 'text', text })
        return
      }
      const speaking = speak(inPieces(text), last)
      last = speaking
      void speaking.then(() => {
        if (last === speaking) last = null
      })
    },
    async drained() {
      await last
    },
  }
}

/** Cut between words. */
function inPieces(text: string): readonly string[] {
  const words = text.match(/\s*\S+\s*/g) ?? [text]
  const size = Math.ceil(words.length / PIECES)
  const pieces: string[] = []
  for (let at = 0; at < words.length; at += size) pieces.push(words.slice(at, at + size).join(''))
  return pieces
}
