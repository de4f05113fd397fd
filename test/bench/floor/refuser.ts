/** The floor of `npm run bench:attack`: a Worker that refuses everything, without a look at it. */
export default {
  fetch(): Response {
    return Response.json({ error: { code: 'unauthorized', message: 'no' } }, { status: 401 });
  },
};
