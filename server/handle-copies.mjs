// Sends back the handle that it is sent, as often as it is told: each copy that arrives is a handle of its own.
process.on('message', (times, handle) => {
  for (let copy = 0; copy < times; copy++) process.send(copy, handle, { keepOpen: true })
})
process.on('disconnect', () => process.exit())
