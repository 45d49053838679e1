// Owns what is known of the machine: its parts, its versions, and who keeps its cores busy (where /proc tells).
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statfsSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { chromiumVersion } from './browser.mjs'

const repo = join(import.meta.dirname, '../..')
/** Milliseconds per tick of /proc's clocks. */
const TICK_MS = 10
const MEMORY_FILE_SYSTEMS = new Set([0x01021994, 0x858458f6])

const PACKAGES = ['@reduxjs/toolkit', 'idb', 'dexie', 'localforage', 'redux-persist', 'playwright', 'vite']

/** @returns {Promise<Record<string, string>>} Names and values, in the order they are printed. */
export async function environment() {
  const processors = cpus()
  return {
    'run-ledger': commit(),
    Chromium: await chromiumVersion(),
    'Node.js': process.versions.node,
    ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    processor: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${release()} ${arch()}`,
  }
}

/** @param {string} name */
function versionOf(name) {
  return JSON.parse(readFileSync(join(repo, 'node_modules', name, 'package.json'), 'utf8')).version
}

/** The commit, and whether the sources differ from it. */
function commit() {
  try {
    const options = { cwd: repo, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
    const git = (...args) => execFileSync('git', args, options).trim()
    const isChanged = git('status', '--porcelain', '--', 'src', 'bench/page', 'package-lock.json') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with uncommitted changes' : ''}`
  } catch {
    return 'unknown commit'
  }
}

/** @param {string} folder @throws when it is in memory: a bench of disks needs one. */
export function assertOnDisk(folder) {
  if (MEMORY_FILE_SYSTEMS.has(statfsSync(folder).type)) {
    throw new Error(`${folder} is in memory. Set TMPDIR to a folder on a disk.`)
  }
}

/** What earlier samples left to be written must not be written during the next one. */
export function settleDisk() {
  spawnSync('sync')
}

/** CPU milliseconds of all processes since the start of the machine; null where unknown. */
export function busy() {
  try {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync('/proc/stat', 'utf8')
      .split('\n', 1)[0]
      .split(/\s+/)
      .slice(1)
      .map(Number)
    return (user + nice + system + irq + softirq) * TICK_MS
  } catch {
    return null
  }
}

/** CPU milliseconds of the browser on this profile, all its processes, and of this one; null where unknown. */
export function treeBusy(profile) {
  try {
    const processes = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap(readProcess)
    const members = new Set(
      processes.filter(({ command }) => command.includes(`--user-data-dir=${profile}`)).map(({ pid }) => pid),
    )
    members.add(process.pid)
    // Parents have lower places in the list, but for reused ids: repeat until nothing is added.
    for (let size = -1; size !== members.size;) {
      size = members.size
      for (const { pid, parent } of processes) if (members.has(parent)) members.add(pid)
    }
    return processes.reduce((sum, each) => sum + (members.has(each.pid) ? each.ticks : 0), 0) * TICK_MS
  } catch {
    return null
  }
}

/** @param {string} pid */
function readProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name is in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return [
      {
        pid: Number(pid),
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]),
        command,
      },
    ]
  } catch {
    // It ended meanwhile.
    return []
  }
}
