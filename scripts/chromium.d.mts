// Types of chromium.mjs, which stays plain JavaScript so that setup can run before anything is installed.

/** `$CHROMIUM_PATH`, a Chromium or Chrome on PATH, or Playwright's own download; null when there is none. */
export function findChromium(): string | null

export const chromiumArgs: string[]
