#include "CAnnals.h"
