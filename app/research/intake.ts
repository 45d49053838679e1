/**
 * Owns what may come in: dropped files become texts, or are refused with a reason a person can act on; and
 * when a question can be asked.
 */
import { distinctNames } from './names.ts'

/** What a browser's File and a test have in common. */
export interface FileLike {
  name: string
  size: number
  arrayBuffer(): Promise<ArrayBuffer>
}

export interface AcceptedDocument {
  name: string
  text: string
}

export interface RejectedFile {
  name: string
  reason: string
}

export interface Intake {
  accepted: readonly AcceptedDocument[]
  rejected: readonly RejectedFile[]
}

export const INTAKE_LIMITS = {
  files: 200,
  fileBytes: 5 * 1024 * 1024,
  totalBytes: 25 * 1024 * 1024,
  questionChars: 2_000,
} as const

const ENDINGS = ['txt', 'text', 'md', 'markdown', 'csv', 'tsv', 'json', 'jsonl', 'log', 'rst', 'html', 'htm']

/** For a file input's `accept`. */
export const ACCEPTED_FILES = ENDINGS.map((ending) => `.${ending}`).join(',')

/** Reads the files one after the other, so that at most one is held as bytes and text at once. */
export async function readDocuments(files: readonly FileLike[]): Promise<Intake> {
  const accepted: AcceptedDocument[] = []
  const rejected: RejectedFile[] = []
  let total = 0
  for (const file of files) {
    const { name } = file
    const refused = refusedUnread(file, accepted.length, total)
    const read = refused === null ? await readText(file) : { ok: false as const, reason: refused }
    if (read.ok) {
      total += file.size
      accepted.push({ name, text: read.text })
    } else rejected.push({ name, reason: read.reason })
  }
  const names = distinctNames(accepted.map(({ name }) => name))
  return { accepted: accepted.map(({ name, text }, at) => ({ name: names[at] ?? name, text })), rejected }
}

/** Why a file is not even opened; null when it is worth reading. */
function refusedUnread({ name, size }: FileLike, taken: number, total: number): string | null {
  const base = name.split(/[/\\]/).at(-1) ?? ''
  if (base.startsWith('.')) return 'Skipped: a hidden file.'
  const ending = /\.([^.]+)$/.exec(base)?.[1]?.toLowerCase()
  if (ending !== undefined && !ENDINGS.includes(ending)) {
    return `.${ending.slice(0, 20)} files are not read. Text files are: ${ENDINGS.map((one) => `.${one}`).join(', ')}.`
  }
  if (size === 0) return 'The file is empty.'
  const { files, fileBytes, totalBytes } = INTAKE_LIMITS
  if (size > fileBytes) return `The file has ${megabytes(size)}; at most ${megabytes(fileBytes)} are read.`
  if (taken >= files) return `Only ${files} files are read at once.`
  if (total + size > totalBytes) return `All files together may have ${megabytes(totalBytes)}.`
  return null
}

type ReadText = { ok: true; text: string } | { ok: false; reason: string }

async function readText(file: FileLike): Promise<ReadText> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(await file.arrayBuffer())
  } catch (error) {
    const detail = error instanceof Error && error.message !== '' ? `: ${error.message}` : ''
    return { ok: false, reason: `The file could not be read${detail}.` }
  }
  // The size told may be wrong; what was read counts.
  if (bytes.byteLength > INTAKE_LIMITS.fileBytes) {
    return { ok: false, reason: `The file has ${megabytes(bytes.byteLength)}; at most 5 MB are read.` }
  }
  const decoded = decode(bytes)
  if (decoded === null) return { ok: false, reason: 'The file is not text: it holds binary content.' }
  const text = decoded.replace(/\r\n?/g, '\n')
  if (text.trim() === '') return { ok: false, reason: 'The file holds no text.' }
  return { ok: true, text }
}

/** Share of signs that text does not have, above which it is none. */
const NOISE = 0.01

/** UTF-8, or UTF-16 where the mark at the start says so; null for what is no text. */
function decode(bytes: Uint8Array): string | null {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : null
  const encoding = bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : (utf16 ?? 'utf-8')
  // The decoder takes the byte order mark off.
  const text = new TextDecoder(encoding).decode(bytes)
  if (text.includes('\0')) return null
  let noise = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    const isControl = unit < 0x20 && unit !== 0x09 && unit !== 0x0a && unit !== 0x0d && unit !== 0x0c
    if (isControl || unit === 0xfffd) noise += 1
  }
  // One foreign sign in a short note does not make it binary.
  return noise > Math.max(2, text.length * NOISE) ? null : text
}

function megabytes(bytes: number): string {
  const amount = bytes / (1024 * 1024)
  return `${amount >= 10 || Number.isInteger(amount) ? Math.round(amount) : amount.toFixed(1)} MB`
}

/** What is wrong with a question; null when it can be asked. */
export function validateQuestion(text: string): string | null {
  const { length } = text.trim()
  const most = INTAKE_LIMITS.questionChars
  if (length === 0) return 'Write a question first.'
  if (length > most)
    return `The question has ${thousands(length)} characters; at most ${thousands(most)} are allowed.`
  if (!/[\p{L}\p{N}]/u.test(text)) return 'The question has no words.'
  return null
}

const thousands = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')
