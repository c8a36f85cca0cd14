// Package outside asks an HTTP server beside HubSpot about companies. It sends the domain and the name of the company and nothing else, to the configured address and to no other:
// redirects are not followed, proxies of the environment are not used, and private addresses are refused when the connection is made, whatever a name resolves to.
//
// The question is GET url?domain=harborline.example&name=Harborline+Lifts, the answer of status 200 one JSON object with any of
//
//	industry   text, such as "lifts and escalators"
//	employees  a whole number from 1
//	country    text
//	tools      up to 20 texts, names of products
//
// and no other field, none of them twice; texts have up to 120 characters on one line. 404 and 204 mean that the company is not known.
package outside
