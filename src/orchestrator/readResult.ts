/**
 * Owns reading stored texts back: results that are handed on by reference, checkpoints that are gone on from. What
 * does not resolve is said to be missing and is never made up.
 */
import { toPlainJson } from '../core/bounds.ts'
import { decodeCheckpoint } from '../core/checkpoint.ts'
import type { DecodedCheckpoint } from '../core/checkpoint.ts'
import type { Json, Text } from '../core/entities.ts'
import type { ContentReader } from '../core/ports.ts'
import { freeze } from './text.ts'

/** Null when it is missing. */
export const readText = async (content: ContentReader, { ref, preview }: Text): Promise<string | null> =>
  ref === null ? preview : content.get(ref)

/** What a run handed on; null when it does not resolve or is no JSON. */
export async function readResult(content: ContentReader, result: Text): Promise<{ value: Json } | null> {
  const text = await readText(content, result)
  if (text === null) return null
  try {
    const plain = toPlainJson(JSON.parse(text))
    return plain.ok ? { value: freeze(plain.value) } : null
  } catch {
    return null
  }
}

/** With `attempt`: only one of that attempt. */
export async function readCheckpoint(
  content: ContentReader,
  checkpoint: Text,
  expected: { runId: string; agentId: string; contentKey: string; attempt?: number },
): Promise<DecodedCheckpoint> {
  const text = await readText(content, checkpoint)
  if (text === null) return { ok: false, reason: 'Its checkpoint is missing.' }
  const decoded = decodeCheckpoint(text, expected)
  if (!decoded.ok || (expected.attempt ?? decoded.state.attempt) === decoded.state.attempt) return decoded
  return { ok: false, reason: `Its checkpoint is of attempt ${decoded.state.attempt}.` }
}

/** What a person can do about it. */
export const unusable = (reason: string): string => `${reason} It can be started afresh.`
