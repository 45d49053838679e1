/**
 * Owns what makes two pieces of work the same work: a key made of the hashes of all that goes into a child, so
 * that a finished one is found again wherever it stands and whatever else happened. DESIGN 4, resume.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import canonicalize from 'canonicalize'
import type { Json } from './entities.ts'

/** What a child's work depends on; what differs names itself (`changedParts`). */
export interface KeyParts {
  /** The phase as it is declared, without what its inputs cover already. */
  phase: Json
  /** The agent's fingerprint: its id and its config. */
  agent: string
  /** The workflow's input. */
  input: Json
  /** The item of a phase that goes through a list; null elsewhere. */
  item: Json
  /** Results of the phases it builds upon, in definition order. */
  upstream: Json
}

export const KEY_PARTS = ['phase', 'agent', 'input', 'item', 'upstream'] as const
export type KeyPart = (typeof KEY_PARTS)[number]

/** 96 bits each: enough that no two of a ledger ever meet, short enough for a line. */
const HASH_CHARS = 24
const VERSION = 'k1'

/** Hash of plain JSON, whatever the order of its keys. */
export const hashOf = (value: Json): string =>
  bytesToHex(sha256(utf8ToBytes(canonicalize(value) ?? 'null'))).slice(0, HASH_CHARS)

/** What an agent is to a key. */
export const fingerprintOf = (agentId: string, config: Json): string => hashOf([agentId, config])

export const contentKeyOf = (parts: KeyParts): string =>
  [VERSION, ...KEY_PARTS.map((part) => hashOf(parts[part]))].join('-')

/** The parts in which two keys differ; null when one of them is no key of ours. */
export function changedParts(one: string, other: string): readonly KeyPart[] | null {
  const [a, b] = [partsOf(one), partsOf(other)]
  return a === null || b === null ? null : KEY_PARTS.filter((_, index) => a[index] !== b[index])
}

/** The hash of one part of a key; null when it is no key of ours. */
export const partOf = (key: string, part: KeyPart): string | null =>
  partsOf(key)?.[KEY_PARTS.indexOf(part)] ?? null

function partsOf(key: string): readonly string[] | null {
  const [version, ...parts] = key.split('-')
  return version === VERSION && parts.length === KEY_PARTS.length ? parts : null
}
