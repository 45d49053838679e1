// Owns the samples on disk: one JSON file per part, written after every sample, so that a run can go on later.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * @typedef {object} Results
 * @property {string} part
 * @property {string} code Content name of the page that was measured; samples of other code are not mixed in.
 * @property {object} settings
 * @property {Record<string, string>} environment
 * @property {string} date
 * @property {{ repetition: number, subject: string, foreign: number | null, values: any }[]} samples
 * @property {{ repetition: number, subject: string, reason: string }[]} failures
 */

/** @param {boolean} quick */
export const resultsFolder = (quick) => join(import.meta.dirname, '../results', quick ? 'quick' : '.')

const fileOf = (part, quick) => join(resultsFolder(quick), `${part}.json`)

/** @param {string} part @param {boolean} quick @returns {Results | null} */
export function readResults(part, quick) {
  try {
    return JSON.parse(readFileSync(fileOf(part, quick), 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** @param {Results} results @param {boolean} quick */
export function writeResults(results, quick) {
  const file = fileOf(results.part, quick)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`)
}

/** @param {string} part @param {boolean} quick */
export function discardResults(part, quick) {
  rmSync(fileOf(part, quick), { force: true })
}
