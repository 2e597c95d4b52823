"""Feed (belief): the pipeline of a request, its components, the cold start, what is learned."""
