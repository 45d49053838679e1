/** What shows nothing and changes how the rest is read is made visible. SPEC S1. */
import { expect, test } from 'vitest'
import { safeHref } from '../../app/markdown/inline.ts'
import { visible } from '../../app/lib/visible.ts'

test.each([
  ['\u001b[31mred\u001b[0m', '␛[31mred␛[0m'],
  ['invoice\u202egpj.exe', 'invoice⟨U+202E⟩gpj.exe'],
  ['a\u2066b\u2069', 'a⟨U+2066⟩b⟨U+2069⟩'],
  ['no\u0000thing\u0008', 'no␀thing␈'],
  ['pass\u200bword\ufeff', 'pass⟨U+200B⟩word⟨U+FEFF⟩'],
  ['tag\u{e0041}', 'tag⟨U+E0041⟩'],
  ['\u009b31m', '⟨U+009B⟩31m'],
])('S1 %j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

test.each(['line\nline\ttab', '你好 שלום مرحبا', '👩‍💻 naïve – “quoted”', 'क्‍ष'])(
  'S1 %j is left alone',
  (text) => {
    expect(visible(text)).toBe(text)
  },
)

test.each([
  'javascript:alert(1)',
  'JAVASCRIPT:x',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  'blob:x',
  '//x',
  '/x',
])('S1 %s is no link', (target) => {
  expect(safeHref(target)).toBeNull()
})
