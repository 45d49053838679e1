/** Owns what a planted bug is: text of the source replaced by worse text, and the tests that must notice. */

export interface Edit {
  /** From the root of the repository. */
  file: string
  /** Found exactly once. */
  find: string
  put: string
}

export interface PlantedBug {
  /** Short, for the command line and the report. */
  name: string
  /** What goes wrong with it in place. */
  harm: string
  edits: readonly Edit[]
  /** Test files of the node project, from the root of the repository. */
  tests: readonly string[]
  /** The law or fault that is broken: a test whose name holds it has to fail. */
  breaks: RegExp
}

/** The text with the edit made. @throws Error when the place is not there, or more than once. */
export function applyEdit(text: string, { file, find, put }: Edit): string {
  const [before, after, ...more] = text.split(find)
  if (before === undefined || after === undefined) throw new Error(`${file} no longer holds:\n${find}`)
  if (more.length > 0) throw new Error(`${file} holds more than once:\n${find}`)
  return before + put + after
}
