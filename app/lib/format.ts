/** Owns how durations, times and sizes read. */
import { currentTime } from './now.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `14 ms`, `3.4 s`, `12 s`, `3 m 05 s`, `1 h 02 m`, `2 d 3 h`. */
export function formatElapsed(ms: number): string {
  if (ms < SECOND / 10) return `${Math.max(0, Math.round(ms))} ms`
  // Just below ten it would read 10.0.
  if (ms < 9_950) return `${(ms / SECOND).toFixed(1)} s`
  return formatSeconds(ms)
}

/** Ages, of which the first figure says enough: `12 s`, `3 min`, `2 h`, `4 d`. */
export function formatAge(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  return ms < DAY ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / DAY)} d`
}

/** Whole seconds: what a clock that ticks once a second can say. */
export function formatSeconds(ms: number): string {
  const whole = Math.max(0, Math.floor(ms))
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${pad((whole % MINUTE) / SECOND)} s`
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${pad((whole % HOUR) / MINUTE)} m`
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`
}

const pad = (value: number): string => String(Math.floor(value)).padStart(2, '0')

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const hourMinute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

export const formatClock = (time: number): string => clock.format(time)

export const formatFull = (time: number): string => full.format(time)

/** `14:03` today, `12 Mar, 14:03` before. */
export function formatStarted(time: number): string {
  const isToday = new Date(time).toDateString() === new Date(currentTime()).toDateString()
  return isToday ? hourMinute.format(time) : `${dayMonth.format(time)}, ${hourMinute.format(time)}`
}

const whole = new Intl.NumberFormat('en-GB')

export const formatNumber = (value: number): string => whole.format(value)

export const count = (amount: number, noun: string, plural = `${noun}s`): string =>
  `${formatNumber(amount)} ${amount === 1 ? noun : plural}`

/** `0 B`, `812 B`, `34 kB`, `1.2 MB`, `3.4 GB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = bytes
  let unit = 0
  // What would be shown as a thousand is one of the next.
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1_000
    unit += 1
  }
  const digits = unit > 0 && size < 9.95 ? 1 : 0
  return `${size.toFixed(digits)} ${units[unit] ?? ''}`
}

export function formatChars(chars: number): string {
  return chars < 10_000
    ? count(chars, 'character')
    : `${formatNumber(Math.round(chars / 1_000))} k characters`
}
