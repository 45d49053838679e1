/** Owns finding all files in what was dropped or chosen, folders included. */
import type { FileLike } from '../research/intake.ts'

/** Of a folder with more, these many are looked at, and whoever takes them says so. */
export const MOST_FILES = 500

export interface FoundFiles {
  files: readonly FileLike[]
  /** There are more than were looked at. */
  isCut: boolean
}

/** To be called while the drop is handled: the list is emptied afterwards. */
export function entriesOf(items: DataTransferItemList): readonly FileSystemEntry[] {
  return [...items].flatMap((item) => item.webkitGetAsEntry() ?? [])
}

export async function filesIn(entries: readonly FileSystemEntry[]): Promise<FoundFiles> {
  const files: FileLike[] = []
  const open = [...entries]
  for (let entry = open.shift(); entry !== undefined; entry = open.shift()) {
    if (entry.isDirectory) open.push(...(await childrenOf(entry as FileSystemDirectoryEntry)))
    else if (files.length === MOST_FILES) return { files, isCut: true }
    else files.push(named(await fileOf(entry as FileSystemFileEntry), entry.fullPath.replace(/^\//, '')))
  }
  return { files, isCut: false }
}

/** Files of a chosen folder carry their place in it. */
export function filesOf(list: Iterable<File> & { readonly length: number }): FoundFiles {
  const files = [...list]
    .slice(0, MOST_FILES)
    .map((file) => named(file, file.webkitRelativePath || file.name))
  return { files, isCut: list.length > MOST_FILES }
}

const named = (file: File, name: string): FileLike => ({
  name,
  size: file.size,
  arrayBuffer: () => file.arrayBuffer(),
})

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject))

/** Directories are read in pages; an empty page is the end. */
async function childrenOf(directory: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = directory.createReader()
  const children: FileSystemEntry[] = []
  for (;;) {
    const page = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (page.length === 0) return children
    children.push(...page)
  }
}
