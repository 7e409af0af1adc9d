import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './configuration'

/** Where nginx lies; Debian keeps it in a folder that is not on everybody's PATH. Undefined when there is none. */
export const nginxPath = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  .map((folder) => join(folder, 'nginx'))
  .find((path) => existsSync(path))

/** Says on stderr, in one line, which checks a machine without nginx leaves out. */
export function reportWithoutNginx(checks: string): void {
  if (!nginxPath) process.stderr.write(`left out: ${checks} (no nginx)\n`)
}

interface NginxOptions {
  /** Its own, for whatever it writes. */
  folder: string
  /** Three Twigs stand behind deploy/nginx-upstream.conf. */
  ports: { http: number; https: number; twig: number | readonly [number, number, number] }
  /** PEM. */
  certificate: string
  key: string
}

/** The site of deploy/ on other ports and with another certificate; nothing else of it is changed. */
async function siteOf({ folder, ports, certificate, key }: NginxOptions): Promise<string> {
  const files = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  await writeFile(files.certificate, certificate)
  await writeFile(files.key, key, { mode: 0o600 })
  const deployed = (name: string) => readFile(join(root, 'deploy', name), 'utf8')
  const alone = await deployed('nginx.conf')
  const { twig } = ports
  const behind: [string, string][] =
    typeof twig === 'number'
      ? [['server 127.0.0.1:3000;', `server 127.0.0.1:${twig};`]]
      : twig.map((port, index) => [`server 10.0.0.1${index + 1}:3000 `, `server 127.0.0.1:${port} `])
  const site =
    typeof twig === 'number'
      ? alone
      : (await deployed('nginx-upstream.conf')) + alone.replace(/^upstream twig \{[^}]*\}$/m, '')
  const replaced: [string, string][] = [
    ...behind,
    ['listen 80;', `listen 127.0.0.1:${ports.http};`],
    ['listen [::]:80;', ''],
    ['listen 443 ssl http2;', `listen 127.0.0.1:${ports.https} ssl http2;`],
    ['listen [::]:443 ssl http2;', ''],
    ['/etc/ssl/twig/fullchain.pem', files.certificate],
    ['/etc/ssl/twig/privkey.pem', files.key],
  ]
  return replaced.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`deploy/ does not have once: ${from}`)
    return text.replace(from, to)
  }, site)
}

async function accepts(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  return isOpen
}

/** Starts nginx with Twig's site and resolves when it accepts connections; returns what ends it. Throws with its log. */
export async function startNginx(options: NginxOptions): Promise<() => Promise<void>> {
  const { folder, ports } = options
  await mkdir(folder, { recursive: true })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (what) => `${what}_temp_path ${join(folder, what)};`,
  )
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const site = await siteOf(options)
  const main = `${user} daemon off; worker_processes 1; pid ${join(folder, 'nginx.pid')}; error_log stderr;
events { worker_connections 512; }
http { access_log off; ${temporary.join(' ')}
${site}
}`
  const file = join(folder, 'nginx.conf')
  await writeFile(file, main)
  const child = spawn(nginxPath ?? 'nginx', ['-p', folder, '-c', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  process.once('exit', () => child.kill('SIGKILL'))
  while (!(await accepts(ports.https))) {
    if (child.exitCode !== null) throw new Error(`nginx ended before it was ready: ${log}`)
    await sleep(20)
  }
  return () => end(child)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
