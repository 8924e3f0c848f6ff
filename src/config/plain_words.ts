/**
 * What a schema found (a message of zod) in the words of whoever writes YAML: mappings and lists where JavaScript has
 * objects and arrays, and no name of a check before what was expected.
 */
export function plainWords(message: string): string {
  return message
    .replace(/^Invalid input$/, 'none of the forms that may stand here')
    .replace(/^Invalid (?:input|option|discriminator value)[:.] (?=[Ee]xpected)/, '')
    .replace(/^Invalid (\w+)$/, 'not a $1')
    .replace(/^Too (?:small|big): expected (\w+) to (?:be|have) /, 'expected $1 ')
    .replace(/^Expected /, 'expected one of ')
    .replace('received undefined', 'but it is missing')
    .replace('received null', 'but there is nothing')
    .replace(/\b(object|record|array|int)\b(?=,| [<>=]|$)/g, (word) => yamlWords[word] ?? word)
    .replace(/["'](\w[\w.-]*)["'](?: ?\| ?|$)/g, (_, option: string) => `${option}, `)
    .replace(/, $/, '');
}

const yamlWords: { readonly [word: string]: string } = {
  object: 'mapping',
  record: 'mapping',
  array: 'list',
  int: 'whole number',
};
