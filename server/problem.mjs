export class Problem extends Error {
  constructor(sentence, options) {
    super(sentence, options)
    this.name = 'Problem'
    this.sentence = sentence
  }
}
