package ai.realm.core.model;

/**
 * Where a tensor of a file went: which rows of it, and of which of its matrices, are the weights of one linear map.
 *
 * @param tensor without {@code .weight}
 * @param map the map's number in the model
 * @param slice which of the tensor's {@code slices} matrices
 * @param rowFrom the first of {@code rows} rows that the map has of the matrix
 * @param in columns of the matrix
 * @param out rows of the whole matrix
 * @param transposed whether the map multiplies with the rows' transpose
 */
record AdapterSite(String tensor, int map, int slice, int slices, int rowFrom, int rows, int in, int out, boolean transposed) {}
