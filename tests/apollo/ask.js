// Asks a URL twice for the same query, by Apollo's client and its link for persisted queries; prints what the link sent
// and what the client was told, a line of JSON for each. Arguments: URL, method, query, which asks for a greeting.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createHash } from "node:crypto";

const [url, method, query] = process.argv.slice(2);
const told = (what) => console.log(JSON.stringify(what));

const watched = async (address, options) => {
  const answer = await fetch(address, options);
  const sent = options.method === "GET" ? new URL(address).searchParams.toString() : options.body;
  told({ method: options.method, query: sent.includes("greeting"), hash: sent.includes("sha256Hash"), status: answer.status });
  return answer;
};
const link = ApolloLink.from([
  new PersistedQueryLink({
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    useGETForHashedQueries: method === "GET",
  }),
  new HttpLink({ uri: url, fetch: watched }),
]);
const client = new ApolloClient({ link, cache: new InMemoryCache() });
for (const _ of [1, 2]) {
  try {
    told({ data: (await client.query({ query: gql(query), fetchPolicy: "no-cache" })).data });
  } catch (error) {
    told({ error: error.message });
  }
}
