// All parts of the bench, in the order they run and are printed.
import { boot } from './boot.mjs'
import { burst } from './burst.mjs'
import { development } from './development.mjs'
import { disk } from './disk.mjs'
import { fold } from './fold.mjs'
import { history } from './history.mjs'
import { paced } from './paced.mjs'

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} title
 * @property {(quick: boolean) => any} settings `repetitions` among them.
 * @property {(settings: any) => string} intro
 * @property {() => readonly string[]} subjects
 * @property {(context: Context) => Promise<unknown>} [prepare] What may take long and is not measured.
 * @property {(context: Context) => Promise<any>} sample
 * @property {(samples: readonly any[], settings: any) => readonly Table[]} tables
 * @property {(samples: readonly any[], settings: any) => readonly Goal[]} goals
 */
/**
 * @typedef {object} Context
 * @property {string} subject
 * @property {any} settings
 * @property {string} run A folder on disk for this run.
 * @property {string} code
 * @property {{ production: number, development: number }} ports
 */
/** @typedef {{ head: readonly string[], rows: readonly (readonly Cell[])[] }} Table */
/** @typedef {string | { spread: import('../lib/statistics.mjs').Spread | null, digits: number, unit?: string }} Cell */
/**
 * @typedef {object} Goal
 * @property {string} text
 * @property {import('../lib/statistics.mjs').Spread | null} spread
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {string} unit
 */

/** @type {readonly Part[]} */
export const PARTS = [burst, paced, fold, history, boot, development, disk]
