/**
 * Owns the life and death of a browser under test: the binary itself (no wrapper, no parent that cleans up) in
 * a process group of its own, and SIGKILL for all of that group at once.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright'
import type { Browser } from 'playwright'
import { chromiumArgs, findChromium } from '../../scripts/chromium.mjs'
import type { BackEnd } from './modes.ts'

const START_DEADLINE_MS = 20_000
const QUIT_DEADLINE_MS = 10_000
/** After the last process of the group is gone: what the kernel still has to put away. */
const SETTLE_MS = 30

const BACK_END_ARGS: Record<BackEnd, readonly string[]> = {
  leveldb: [],
  sqlite: ['--enable-features=IdbSqliteOnDiskRollout:stage/UseSqliteForNewStores'],
}

export interface Chromium {
  browser: Browser
  /** SIGKILL to the whole group; resolves when nothing of it runs and nothing more can be heard of it. */
  kill(): Promise<void>
  /** Asks it to close, as a person would; resolves like `kill`. */
  quit(): Promise<void>
}

export interface Binary {
  path: string
  /** As the browser calls itself. */
  build: string
}

/** The program behind what is on the path: distributions put a shell script there. Starts it once to see. */
export async function findBinary(): Promise<Binary> {
  const path = findChromium()
  if (path === null) throw new Error('No Chromium: run `node scripts/setup.mjs --browser`.')
  const profile = await mkdtemp(join(tmpdir(), 'run-ledger-kill-'))
  const child = start(path, profile, 'leveldb')
  try {
    const browser = await connect(child)
    const program = await readlink(`/proc/${child.pid}/exe`).catch(() => path)
    const build = browser.version()
    return { path: /\/(?:ba|da)?sh$/.test(program) ? path : program, build }
  } finally {
    await killGroup(child)
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

export async function launch(options: {
  binary: Binary
  profile: string
  backEnd: BackEnd
}): Promise<Chromium> {
  const child = start(options.binary.path, options.profile, options.backEnd)
  try {
    const browser = await connect(child)
    const silent = new Promise<void>((resolve) => browser.once('disconnected', () => resolve()))
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const kill = async (): Promise<void> => {
      await killGroup(child)
      // What the page said before it died may still be on its way through the socket.
      await silent
    }
    return {
      browser,
      kill,
      async quit() {
        const session = await browser.newBrowserCDPSession()
        session.send('Browser.close').catch(() => {})
        await Promise.race([gone, sleep(QUIT_DEADLINE_MS, null, { ref: false })])
        await kill()
      },
    }
  } catch (error) {
    await killGroup(child)
    throw error
  }
}

function start(path: string, profile: string, backEnd: BackEnd): ChildProcess {
  const args = [
    ...chromiumArgs,
    ...BACK_END_ARGS[backEnd],
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    '--no-default-browser-check',
    '--disable-breakpad',
    '--disable-extensions',
    '--disable-dev-shm-usage',
    '--password-store=basic',
    'about:blank',
  ]
  return spawn(path, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** @throws Error with the browser's last words when it does not come up. */
async function connect(child: ChildProcess): Promise<Browser> {
  const said: string[] = []
  const endpoint = new Promise<string>((resolve, reject) => {
    const { stderr } = child
    if (stderr === null) throw new Error('The browser has no stderr.')
    createInterface({ input: stderr }).on('line', (line) => {
      said.push(line)
      const found = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`Chromium ended with ${code}:\n${said.slice(-10).join('\n')}`)),
    )
  })
  const tooLate = sleep(START_DEADLINE_MS, null, { ref: false }).then(() => {
    throw new Error(`Chromium did not start:\n${said.slice(-10).join('\n')}`)
  })
  return chromium.connectOverCDP(await Promise.race([endpoint, tooLate]))
}

async function killGroup(child: ChildProcess): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  const ended = child.exitCode !== null || child.signalCode !== null
  const exit = ended ? Promise.resolve() : new Promise<void>((resolve) => child.once('exit', () => resolve()))
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
  await exit
  while (await runs(pid)) await sleep(5)
  await sleep(SETTLE_MS)
}

/** Whether anything of the group still runs; a zombie holds no file. */
async function runs(group: number): Promise<boolean> {
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const states = await Promise.all(
    processes.map((id) => readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')),
  )
  return states.some((stat) => {
    // pid (name) state parent group …; the name may hold anything.
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(pgrp) === group && state !== 'Z' && state !== 'X'
  })
}
