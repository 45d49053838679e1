/** Owns the few signs of the app: a shape per tone, so that colour is never the only difference. */
import type { Tone } from '../lib/status.ts'

const SHAPES: Record<Tone, string> = {
  working: 'M8 3.2a4.8 4.8 0 1 1-4.8 4.8',
  attention: 'M8 3v6M8 12.4v.2',
  good: 'M3.6 8.6 6.7 11.6 12.6 4.8',
  bad: 'M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6',
  quiet: 'M4.5 8h7',
}

export function ToneIcon({ tone }: { tone: Tone }) {
  return (
    <svg className="icon tone-icon" data-tone={tone} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[tone]} />
    </svg>
  )
}

const SIGNS = {
  chevron: 'M6 3.8 10.2 8 6 12.2',
  close: 'M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6',
  back: 'M9.8 3.8 5.6 8l4.2 4.2',
  file: 'M4.2 2.6h4.6l3 3v7.8H4.2zM8.6 2.8v3h3',
  tool: 'M3 4.5 6.2 8 3 11.5M8 11.8h5',
} as const

export function Icon({ name }: { name: keyof typeof SIGNS }) {
  return (
    <svg className="icon" data-icon={name} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SIGNS[name]} />
    </svg>
  )
}
