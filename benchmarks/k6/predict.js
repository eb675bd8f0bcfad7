// A closed loop of Predict calls, one text a request, every text once and in order: each client sends the next text
// that nobody has sent as soon as its last answer is there.
//
// Environment: TEXTS (a JSON list of texts in base64), PROTOSET, ADDRESS, MODEL, CLIENTS, RESULT (where the figures go).
import encoding from "k6/encoding";
import exec from "k6/execution";
import grpc from "k6/net/grpc";
import { SharedArray } from "k6/data";
import { Counter, Trend } from "k6/metrics";

const texts = new SharedArray("texts", () => JSON.parse(open(__ENV.TEXTS)));
const client = new grpc.Client();
client.loadProtoset(__ENV.PROTOSET);

const milliseconds = new Trend("predict_ms");
// k6's own duration includes making the clients. The calls' is from the first start to the last end.
const started = new Trend("started_at_ms");
const ended = new Trend("ended_at_ms");
const failed = new Counter("predict_failed");

export const options = {
  scenarios: {
    predict: {
      executor: "shared-iterations",
      vus: Number(__ENV.CLIENTS),
      iterations: texts.length,
      maxDuration: "5m",
    },
  },
  summaryTrendStats: ["min", "avg", "p(50)", "p(95)", "p(99)", "max"],
};

let connected = false;

export default function () {
  if (!connected) {
    client.connect(__ENV.ADDRESS, { plaintext: true });
    connected = true;
  }
  const request = {
    model_spec: { name: __ENV.MODEL, signature_name: "serving_default" },
    inputs: {
      text: {
        dtype: "DT_STRING",
        tensor_shape: { dim: [{ size: 1 }] },
        string_val: [texts[exec.scenario.iterationInTest]],
      },
    },
  };
  const start = Date.now();
  const response = client.invoke("tensorflow.serving.PredictionService/Predict", request);
  const end = Date.now();
  started.add(start);
  ended.add(end);
  milliseconds.add(end - start);
  if (response.status !== grpc.StatusOK || !response.message.outputs.scores) {
    failed.add(1);
    console.error(`status ${response.status}: ${response.error && response.error.message}`);
  }
}

export function handleSummary(data) {
  return { [__ENV.RESULT]: JSON.stringify(data.metrics) };
}
