/** Owns handing a person a file made of lines, without holding all of them as one text. */

/** Lines are gathered into pieces of about a megabyte; the browser keeps a file's pieces where it likes. */
const PIECE = 1024 * 1024

export interface Gathered {
  file: Blob
  lines: number
}

export async function gather(
  lines: AsyncIterable<string>,
  onSize: (chars: number) => void,
): Promise<Gathered> {
  const pieces: Blob[] = []
  let piece: string[] = []
  let inPiece = 0
  let chars = 0
  let count = 0
  for await (const line of lines) {
    piece.push(line)
    inPiece += line.length
    chars += line.length
    count += 1
    if (inPiece < PIECE) continue
    pieces.push(new Blob(piece))
    piece = []
    inPiece = 0
    onSize(chars)
  }
  return { file: new Blob([...pieces, ...piece], { type: 'application/x-ndjson' }), lines: count }
}

export function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

/** A name any file system takes. */
export const fileName = (title: string): string =>
  `${
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 60) || 'runs'
  }.jsonl`
