// Measures the CPU time per order of KuCoin's JavaScript SDK on the benchmark server.
//
// Usage: `node node_sdk.cjs URL EVENTS`. Connects to URL, subscribes to orders and prints `ready`. After each EVENTS orders
// it prints the CPU time since the previous line, user and system, in microseconds.
'use strict';

const { ClientOptionBuilder, DefaultClient, TransportOptionBuilder, WebSocketClientOptionBuilder } =
  require('kucoin-universal-sdk');

const [url, events] = [process.argv[2], Number(process.argv[3])];
let [seen, sum, before] = [0, 0, process.cpuUsage()];

function onOrder(_topic, _subject, order) {
  sum += order.price.length + order.filledSize.length + order.matchSize.length + order.orderId.length
    + order.symbol.length + (order.side === 'buy' ? 1 : 0) + order.ts % 2;
  seen += 1;
  if (seen % events === 0) {
    const used = process.cpuUsage(before);
    process.stdout.write(`${used.user + used.system} ${sum}\n`);
    before = process.cpuUsage();
  }
}

async function main() {
  const option = new ClientOptionBuilder()
    .setKey('key')
    .setSecret('secret')
    .setPassphrase('passphrase')
    .setSpotEndpoint(url)
    .setTransportOption(new TransportOptionBuilder().build())
    .setWebSocketClientOption(new WebSocketClientOptionBuilder().withReconnect(false).build())
    .build();
  const stream = new DefaultClient(option).wsService().newSpotPrivateWS();
  await stream.start();
  await stream.orderV2(onOrder);
  before = process.cpuUsage();
  process.stdout.write('ready\n');
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
