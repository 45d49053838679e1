/**
 * Owns making signs visible that show nothing and change how what follows is read: terminal controls, and those
 * that turn the reading direction around. For texts of agents, tools and documents.
 */

/** Line breaks and tabs are what they seem; the joiners of scripts and emoji are left alone. */
const HIDDEN =
  /[^\P{Cc}\t\n\r]|[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** `\u001b[31m` becomes `␛[31m`, a right-to-left override `⟨U+202E⟩`. */
export function visible(text: string): string {
  return text.replaceAll(HIDDEN, (sign) => {
    const code = sign.codePointAt(0) ?? 0
    if (code < 0x20) return String.fromCodePoint(0x2400 + code)
    if (code === 0x7f) return '␡'
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}
