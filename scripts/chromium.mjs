// Where the Chromium of this machine is, and how tests start it. No dependencies: setup runs before `npm ci`.
import { accessSync, constants, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** An executable path, or null. */
export function findChromium() {
  const chosen = process.env.CHROMIUM_PATH
  // A wrong CHROMIUM_PATH is an error of the caller, so no silent fallback to another browser.
  if (chosen) return isExecutable(chosen) ? chosen : null
  return onPath() ?? fromPlaywright()
}

export const chromiumArgs = [
  // Chromium refuses to start its sandbox as root.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

function onPath() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name)
      if (isExecutable(path)) return path
    }
  }
  return null
}

function fromPlaywright() {
  try {
    const { chromium } = createRequire(import.meta.url)('playwright')
    const path = chromium.executablePath()
    return isExecutable(path) ? path : null
  } catch {
    return null
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
