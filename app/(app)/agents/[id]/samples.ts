import type { Environment } from '@/lib/core/principal'

/** Where programs reach an environment. contract.md 3. */
export function apiBase(appUrl: string, environment: Environment): string {
  return `${appUrl}/api/${environment === 'test' ? 'test/' : ''}v1`
}

/** What is sent; its `stream` is JSON's own. */
type JsonBody = Readonly<Record<string, string | boolean>>

/** A text as one word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** A request with a JSON body as a line for a shell; `stream` shows what comes as it comes. */
export function curlSample(url: string, body: JsonBody): string {
  const flag = body.stream ? '-N ' : ''
  return [
    `curl ${flag}${url}`,
    `  -H "Authorization: Bearer $TWIG_API_KEY"`,
    `  -H "Content-Type: application/json"`,
    `  -d ${quoted(JSON.stringify(body))}`,
  ].join(' \\\n')
}

const indented = (text: string) => text.replaceAll('\n', '\n  ')

function javaScript(url: string, body: JsonBody): string {
  return `const answer = await fetch('${url}', {
  method: 'POST',
  headers: {
    Authorization: \`Bearer \${process.env.TWIG_API_KEY}\`,
    'Content-Type': 'application/json',
  },
  body: JSON.stringify(${indented(JSON.stringify(body, null, 2))}),
})`
}

const READ_WHOLE = `
if (!answer.ok) throw new Error(await answer.text())
const { response, sources } = await answer.json()
console.log(response, sources)`

const READ_STREAM = `
if (!answer.ok) throw new Error(await answer.text())
let rest = ''
for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
  const events = (rest + piece).split('\\n\\n')
  rest = events.pop()
  for (const event of events) {
    const [, name, data] = /^event: (\\w+)\\ndata: (.*)$/.exec(event) ?? []
    if (name === 'delta') process.stdout.write(JSON.parse(data).text)
    if (name === 'done') console.log('\\n', JSON.parse(data).sources)
    if (name === 'error') throw new Error(data)
  }
}`

/** As a literal of Python, whose constants are called otherwise than JSON's. */
function pythonLiteral(body: JsonBody): string {
  return JSON.stringify(body, null, 4).replaceAll(/: true(?=,?\n)/g, ': True')
}

function python(url: string, body: JsonBody): string {
  const open = `import json, os, urllib.request

request = urllib.request.Request(
    "${url}",
    data=json.dumps(${pythonLiteral(body).replaceAll('\n', '\n    ')}).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['TWIG_API_KEY']}",
        "Content-Type": "application/json",
    },
)`
  if (!body.stream) return `${open}\nprint(json.load(urllib.request.urlopen(request))["response"])`
  return `${open}
name = ""
for line in urllib.request.urlopen(request):
    key, _, value = line.decode().strip().partition(": ")
    if key == "event":
        name = value
    if key == "data" and name == "delta":
        print(json.loads(value)["text"], end="", flush=True)
    if key == "data" and name == "error":
        raise RuntimeError(value)`
}

/** The same request in curl, JavaScript (Node or browser) and Python (no package needed). */
export function requestSamples(url: string, body: JsonBody) {
  const read = body.stream ? READ_STREAM : READ_WHOLE
  return [
    { label: 'curl', code: curlSample(url, body) },
    { label: 'JavaScript', code: javaScript(url, body) + read },
    { label: 'Python', code: python(url, body) },
  ]
}
