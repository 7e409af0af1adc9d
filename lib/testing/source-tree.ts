import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const FOLDERS = ['app', 'bench', 'cli', 'e2e', 'lib', 'server', 'worker']
const GENERATED = 'lib/generated/'

/** What the rules of the house look at in one file. */
export interface SourceFile {
  /** From the root, with slashes. */
  path: string
  text: string
  imports: Import[]
  /** Whether `process` is asked for its environment, in whatever way. */
  readsEnvironment: boolean
  /** `use client` or `use server`, at the top or inside a function. */
  directives: Set<string>
  /** Every identifier, member, JSX attribute and string of the file. */
  words: Set<string>
  /** Exported names that exist at run time, with the call that makes each: `route(endpoints.listAgents, …)`. */
  exports: Map<string, { callee: string; first: string } | null>
}

interface Import {
  specifier: string
  /** What is taken by name; `*` for anything else. */
  names: string[]
  /** Whether nothing of it is left at run time. */
  typeOnly: boolean
}

/** Every source file of the repository but generated ones, as `readSource` sees it. */
export function sourceTree(): SourceFile[] {
  const own = listFiles('').filter((path) => !path.includes('/') && /\.[cm]?tsx?$|\.mjs$/.test(path))
  const inside = FOLDERS.flatMap((folder) => listFiles(folder)).filter((path) =>
    /\.([cm]?tsx?|mjs)$/.test(path),
  )
  return [...own, ...inside]
    .filter((path) => !path.startsWith(GENERATED) && !path.endsWith('.d.ts') && !path.endsWith('.d.mts'))
    .map((path) => readSource(path, readText(path)))
}

/** Paths of the files under a folder of the repository; the root itself is not descended. */
export function listFiles(folder: string): string[] {
  const entries = readFolder(folder)
  return entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return folder === '' || entry.name === 'node_modules' ? [] : listFiles(path)
    return entry.isFile() ? [path] : []
  })
}

function readFolder(folder: string) {
  try {
    return readdirSync(join(ROOT, folder), { withFileTypes: true })
  } catch {
    return []
  }
}

/** The text of a file of the repository. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Reads one file’s text; the path decides nothing but its own name. */
export function readSource(path: string, text: string): SourceFile {
  const kind = /x$/.test(path) ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, false, kind)
  const file: SourceFile = {
    path,
    text,
    imports: [],
    readsEnvironment: false,
    directives: new Set(),
    words: new Set(),
    exports: new Map(),
  }
  for (const statement of tree.statements) addExports(statement, file)
  const visit = (node: ts.Node) => {
    addFacts(node, file)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return file
}

function addFacts(node: ts.Node, file: SourceFile): void {
  if (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) file.words.add(node.text)
  if (ts.isExpressionStatement(node) && ts.isStringLiteral(node.expression)) {
    if (/^use (?:client|server)$/.test(node.expression.text)) file.directives.add(node.expression.text)
  }
  const asked = ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)
  if (asked && isProcess(node.expression)) {
    const name = ts.isPropertyAccessExpression(node) ? node.name.text : 'any'
    if (name === 'env' || name === 'any') file.readsEnvironment = true
  }
  if (ts.isVariableDeclaration(node) && node.initializer && isProcess(node.initializer))
    file.readsEnvironment = true
  const specifier = specifierOf(node)
  if (!specifier) return
  file.imports.push(specifier)
  if (/^(?:node:)?process$/.test(specifier.specifier)) file.readsEnvironment = true
}

/** `process`, `globalThis.process` or `import.meta`. */
function isProcess(node: ts.Node): boolean {
  if (ts.isMetaProperty(node)) return true
  if (ts.isIdentifier(node)) return node.text === 'process'
  return ts.isPropertyAccessExpression(node) && node.name.text === 'process'
}

function specifierOf(node: ts.Node): Import | null {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const { importClause, moduleSpecifier } = node
    return {
      specifier: moduleSpecifier.text,
      names: namesOf(importClause),
      typeOnly: isTypeImport(importClause),
    }
  }
  const names = ['*']
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, names, typeOnly: node.isTypeOnly }
  }
  if (
    ts.isImportTypeNode(node) &&
    ts.isLiteralTypeNode(node.argument) &&
    ts.isStringLiteral(node.argument.literal)
  ) {
    return { specifier: node.argument.literal.text, names, typeOnly: true }
  }
  if (ts.isCallExpression(node) && node.arguments[0] && ts.isStringLiteralLike(node.arguments[0])) {
    const { expression } = node
    const isRequire = ts.isIdentifier(expression) && expression.text === 'require'
    const loads = isRequire || expression.kind === ts.SyntaxKind.ImportKeyword
    return loads ? { specifier: node.arguments[0].text, names, typeOnly: false } : null
  }
  return null
}

function namesOf(clause: ts.ImportClause | undefined): string[] {
  if (!clause || clause.name || !clause.namedBindings || !ts.isNamedImports(clause.namedBindings))
    return ['*']
  return clause.namedBindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text)
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false
  if (clause.isTypeOnly) return true
  const { namedBindings, name } = clause
  if (name || !namedBindings || !ts.isNamedImports(namedBindings)) return false
  return namedBindings.elements.length > 0 && namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly)
}

function addExports(statement: ts.Statement, file: SourceFile): void {
  if (ts.isExportAssignment(statement)) file.exports.set('default', null)
  if (ts.isExportDeclaration(statement) && !statement.isTypeOnly) {
    if (!statement.exportClause) file.exports.set('*', null)
    else if (ts.isNamedExports(statement.exportClause)) {
      for (const element of statement.exportClause.elements)
        if (!element.isTypeOnly) file.exports.set(element.name.text, null)
    } else file.exports.set(statement.exportClause.name.text, null)
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : []
  if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    const isDefault = modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
    file.exports.set(isDefault ? 'default' : (statement.name?.text ?? 'default'), null)
  }
  if (ts.isVariableStatement(statement)) {
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (ts.isIdentifier(name)) file.exports.set(name.text, callOf(initializer))
      else
        for (const element of name.elements)
          if (ts.isBindingElement(element)) file.exports.set(nameOf(element), null)
    }
  }
}

function nameOf({ name }: ts.BindingElement): string {
  return ts.isIdentifier(name) ? name.text : '*'
}

function callOf(initializer: ts.Expression | undefined): { callee: string; first: string } | null {
  if (!initializer || !ts.isCallExpression(initializer) || !ts.isIdentifier(initializer.expression))
    return null
  const [first] = initializer.arguments
  const named = first && ts.isPropertyAccessExpression(first) ? first.name.text : ''
  return { callee: initializer.expression.text, first: named }
}

/** The file of the repository that an import means, without its ending; null for a package. */
export function resolveImport(from: string, specifier: string): string | null {
  if (specifier.startsWith('@/')) return posix.normalize(specifier.slice(2))
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null
}
