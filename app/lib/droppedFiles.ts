/** Owns finding all files in what was dropped or chosen, folders included. */
import type { FileLike } from '../research/intake.ts'

/** A folder with more is read up to here; the intake says which files it leaves out. */
const MOST_FILES = 500

/** To be called while the drop is handled: the list is emptied afterwards. */
export function entriesOf(items: DataTransferItemList): readonly FileSystemEntry[] {
  return [...items].flatMap((item) => item.webkitGetAsEntry() ?? [])
}

export async function filesIn(entries: readonly FileSystemEntry[]): Promise<readonly FileLike[]> {
  const files: FileLike[] = []
  const open = [...entries]
  for (let entry = open.shift(); entry !== undefined && files.length < MOST_FILES; entry = open.shift()) {
    if (entry.isDirectory) open.push(...(await childrenOf(entry as FileSystemDirectoryEntry)))
    else files.push(named(await fileOf(entry as FileSystemFileEntry), entry.fullPath.replace(/^\//, '')))
  }
  return files
}

/** Files of a chosen folder carry their place in it. */
export function filesOf(list: FileList): readonly FileLike[] {
  return [...list].slice(0, MOST_FILES).map((file) => named(file, file.webkitRelativePath || file.name))
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
