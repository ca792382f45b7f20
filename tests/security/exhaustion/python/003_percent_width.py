# A format with a width of a hundred billion.
"%99999999999d" % 1
