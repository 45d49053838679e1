/**
 * Owns what the journal asks of the place its files are in, and how files and scopes are named there. Files are
 * written once, from begin to end, by one writer; afterwards they are only read and removed.
 */

export interface StoredFile {
  name: string
  /** Its length when it was listed; a living writer may have added since. */
  bytes: number
  /** The bytes from `from` up to `to`. @throws when the file is gone */
  read(from: number, to: number): Promise<Uint8Array>
}

/** An open file. Calls are synchronous, so that a page's last words need no turn of the event loop. */
export interface FileWriter {
  /** @throws when not all of it was written */
  write(bytes: Uint8Array, at: number): void
  truncate(bytes: number): void
  flush(): void
  close(): void
}

export interface JournalDirectory {
  /** All files; none when the directory does not exist. Looking creates nothing. */
  list(): Promise<readonly StoredFile[]>
  /** The last bytes of each file, all of it when it is shorter. */
  readEnds(files: readonly StoredFile[], bytes: number): Promise<readonly Uint8Array[]>
  /** A new file, open. */
  create(name: string): Promise<FileWriter>
  /** Whether no one, here or in another page, has the file open. */
  isFree(name: string): Promise<boolean>
  /** False when somebody has it open. */
  remove(name: string): Promise<boolean>
  /** Removes the empty directory. */
  destroy(): Promise<void>
}

export interface FileName {
  /** As `escapeName` gives it. */
  writer: string
  epoch: number
  /** `log`: frames as they were appended. `pack`: compressed ones of many files. */
  type: 'log' | 'pack'
}

export const spellName = ({ writer, epoch, type }: FileName): string => `${writer}-${epoch}.${type}`

/** Null for a file that is none of ours. */
export function readName(name: string): FileName | null {
  const match = /^(.+)-(\d+)\.(log|pack)$/.exec(name)
  const [, writer, epoch, type] = match ?? []
  if (writer === undefined || epoch === undefined) return null
  return { writer, epoch: Number(epoch), type: type === 'log' ? 'log' : 'pack' }
}

/** Any string as a file name: one name for one string, on file systems that ignore case as well. */
export const escapeName = (text: string): string =>
  text.replaceAll(/[^a-z0-9]/g, (unit) => `_${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const NAME_CHARS = 100

/**
 * The directories of a scope, outermost first. Long scopes take several, since names are limited; the last one
 * is marked, so that no scope's files lie in a directory another scope passes through.
 */
export function scopePath(scope: string): readonly string[] {
  const name = escapeName(scope)
  const parts = Array.from({ length: Math.max(1, Math.ceil(name.length / NAME_CHARS)) }, (_, index) =>
    name.slice(index * NAME_CHARS, (index + 1) * NAME_CHARS),
  )
  const last = parts.length - 1
  return ['run-ledger-journal', ...parts.map((part, index) => (index === last ? `s-${part}` : `p-${part}`))]
}
