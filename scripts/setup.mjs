// Makes a fresh checkout ready: the right Node, installed dependencies and, with --browser, a Chromium.
// Runs before `npm start` and `npm test`; needs no dependency, and no network once all is in place.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findChromium } from './chromium.mjs'

const root = join(import.meta.dirname ?? '.', '..')
const stampFile = join(root, 'node_modules', '.run-ledger-setup')

checkNode()
installDependencies()
if (process.argv.includes('--browser')) ensureChromium()

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fits = major > 20 || (major === 20 && minor >= 19)
  if (!fits) fail(`run-ledger needs Node 20.19 or newer; this is Node ${process.versions.node}.`)
}

function installDependencies() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  // The platform counts too: vite and oxlint install native binaries.
  const stamp = `${createHash('sha256').update(lock).digest('hex')} ${process.platform} ${process.arch}\n`
  if (readStamp() === stamp) return
  console.log('Installing dependencies (npm ci)')
  // NODE_ENV=production would leave the tools out, hence --include.
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--include=dev'])) {
    fail('npm ci failed; its output is above.')
  }
  writeFileSync(stampFile, stamp)
}

function readStamp() {
  try {
    return readFileSync(stampFile, 'utf8')
  } catch {
    return ''
  }
}

function ensureChromium() {
  if (findChromium()) return
  if (process.env.CHROMIUM_PATH) {
    fail(`CHROMIUM_PATH is not an executable file: ${process.env.CHROMIUM_PATH}`)
  }
  if (canUseApt()) {
    console.log('Installing Chromium (apt-get)')
    run('apt-get', ['update'])
    run('apt-get', ['install', '-y', 'chromium'])
    if (findChromium()) return
  }
  console.log("Installing Chromium (Playwright's own download)")
  run('npx', ['--no-install', 'playwright', 'install', 'chromium'])
  if (findChromium()) return
  fail(
    [
      'The browser tests need Chromium, and it could not be installed. Do one of these:',
      '  Debian, Ubuntu:  sudo apt-get install chromium',
      '  elsewhere:       npx playwright install chromium',
      '  or point CHROMIUM_PATH at a Chromium or Chrome that is already here.',
    ].join('\n'),
  )
}

function canUseApt() {
  if (process.getuid?.() !== 0) return false
  try {
    accessSync('/usr/bin/apt-get')
    return true
  } catch {
    return false
  }
}

function run(command, args) {
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    // npm and npx are .cmd files on Windows.
    shell: process.platform === 'win32',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return done.status === 0
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
