/**
 * Owns telling what was dropped apart, by what is in it: harn's run records and session logs, or an archive of a run
 * ledger. Files of no use are refused with a reason a person can act on.
 */
import type { HarnFileKind, HarnFolderImport } from 'run-ledger/sources/harn'
import type { FileLike } from '../research/intake.ts'
import type { FoundFiles } from './droppedFiles.ts'
import { count, formatBytes } from './format.ts'
import type { ToReader } from './openRunsReader.ts'

const MEGABYTE = 1_000_000

/** Of harn's files; archives are read as a stream and may have any size. */
export const OPEN_LIMITS = { fileBytes: 50 * MEGABYTE, totalBytes: 200 * MEGABYTE } as const

/** For a file input's `accept`. */
export const RUN_FILES = '.json,.jsonl,.ndjson,.log,application/json,application/x-ndjson'

export type Opened =
  | { kind: 'archive'; file: File }
  | { kind: 'runs'; imported: HarnFolderImport; leftOut: LeftOut }

/** What of the files nobody has looked into. */
export interface LeftOut {
  /** By their names, they are nothing of harn. */
  others: number
  /** How many were looked at, where there were more. */
  beyond: number | null
}

/** What was dropped is nothing that can be opened. The message is for the person. */
export class CannotOpenError extends Error {}

/** What reads the files once they are bytes: a worker in the app. */
export type Reader = (files: ToReader['files']) => Promise<HarnFolderImport>

/** Reads the files one after the other. @throws CannotOpenError */
export async function readRuns({ files, isCut }: FoundFiles, read: Reader): Promise<Opened> {
  const [only] = files
  if (only === undefined) throw new CannotOpenError('There are no files in it.')
  if (files.length === 1 && (await isArchive(only))) return { kind: 'archive', file: await toFile(only) }

  const usable = files.length === 1 ? files : files.filter(({ name }) => ENDINGS.test(name))
  refuseTooLarge(usable)
  const taken: { path: string; bytes: ArrayBuffer }[] = []
  for (const file of usable) taken.push({ path: file.name, bytes: await file.arrayBuffer() })
  const imported = await read(taken)
  if (!imported.report.files.some(({ kind }) => isOfRuns(kind)))
    throw new CannotOpenError(nothingIn(files, isCut))
  const leftOut = { others: files.length - usable.length, beyond: isCut ? files.length : null }
  return { kind: 'runs', imported, leftOut }
}

const ENDINGS = /\.(?:json|jsonl|ndjson|log)$/i

/** Before anything is read. */
function refuseTooLarge(files: readonly FileLike[]): void {
  const large = files.find(({ size }) => size > OPEN_LIMITS.fileBytes)
  if (large !== undefined)
    throw new CannotOpenError(
      `${large.name} has ${formatBytes(large.size)}; at most ${formatBytes(OPEN_LIMITS.fileBytes)} can be opened.`,
    )
  const total = files.reduce((sum, { size }) => sum + size, 0)
  if (total > OPEN_LIMITS.totalBytes)
    throw new CannotOpenError(
      `The files have ${formatBytes(total)} together; at most ${formatBytes(OPEN_LIMITS.totalBytes)} are opened at once.`,
    )
}

const isOfRuns = (kind: HarnFileKind): boolean => kind === 'run' || kind === 'session'

const nothingIn = (files: readonly FileLike[], isCut: boolean): string =>
  files.length === 1
    ? `${files[0]?.name ?? 'The file'} is no run of harn, no session log and no archive of a run ledger.`
    : `In ${isCut ? 'the first ' : ''}${count(files.length, 'file')} there is no run of harn and no session log.`

/** The first line tells; the rest of a large archive is not read for it. */
async function isArchive(file: FileLike): Promise<boolean> {
  const start = file instanceof Blob ? file.slice(0, 200) : file
  if (start.size > OPEN_LIMITS.fileBytes) return false
  const text = new TextDecoder().decode(await start.arrayBuffer())
  return /^\uFEFF?\s*\{"format":"run-ledger-archive"/.test(text.slice(0, 200))
}

const toFile = async (file: FileLike): Promise<File> =>
  file instanceof File ? file : new File([await file.arrayBuffer()], file.name)

/** A person who changes their mind before anything is written. */
export const CANCELLED: Outcome = {
  headline: 'Cancelled.',
  isOld: true,
  asides: ['Nothing was imported.'],
  details: [],
}

/** What an import did, in sentences. */
export interface Outcome {
  headline: string
  /** True when all of it was here before. */
  isOld: boolean
  asides: readonly string[]
  /** Lists to look into: what was left out, repaired, not taken in. */
  details: readonly { title: string; items: readonly string[] }[]
}

export function describeImport(
  { report }: HarnFolderImport,
  result: { added: number; repeated: number; refused: number; interrupted: number },
  { others, beyond }: LeftOut,
): Outcome {
  const { added, refused, interrupted } = result
  const { runs, sessions, repaired, skipped, secrets, notes } = report
  const what = [runs > 0 && count(runs, 'run'), sessions > 0 && count(sessions, 'session')].filter(Boolean)
  const asides = [
    interrupted > 0 &&
      `${count(interrupted, 'run')} had not ended when written down and ${interrupted === 1 ? 'is' : 'are'} marked as interrupted.`,
    refused > 0 &&
      `${count(refused, 'event')} could not be used and ${refused === 1 ? 'is' : 'are'} kept in quarantine.`,
    others > 0 && `${count(others, 'other file')} left alone.`,
    beyond !== null &&
      `Only the first ${count(beyond, 'file')} were looked at: open the others by themselves, or in smaller folders.`,
  ]
  const hidden = secrets.map(({ path, names }) =>
    names.length === 0 ? path : `${path}: ${names.join(', ')}`,
  )
  const details = [
    { title: 'Secrets left out', items: hidden },
    { title: 'Left out', items: skipped.map(({ path, reason }) => `${path}: ${reason}`) },
    { title: 'Repaired', items: repaired },
    { title: 'Notes', items: notes },
  ]
  return {
    headline:
      added === 0
        ? 'Everything in it was here already.'
        : `${count(added, 'event')} of ${what.join(' and ')} imported.`,
    isOld: added === 0,
    asides: asides.filter((aside) => aside !== false),
    details: details.filter(({ items }) => items.length > 0),
  }
}
